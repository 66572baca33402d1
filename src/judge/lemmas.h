/* Lemmas: the words of a passage in the form in which a dictionary has them, and runs of one to three of them.
 *
 * Letters (judge/letters.h) know a phrase when they have met its characters. Words say it again in other characters: 行きます, 行った and
 * 行かない are one word (行く), a school, a station and a hall are places, a teacher and a mayor are people. Each word is told by its lemma and by its
 * class: what kind of thing it names (人, 場所-施設, 時間 ...), else its part of speech and its form. Of three words in a row
 * these runs are counted: each lemma, each class; pairs of both; three lemmas, three classes, and a lemma between the classes of its
 * neighbours. Lines end runs.
 *
 * The words are cut by MeCab with the JUMAN dictionary (Debian: libmecab2, mecab-jumandic-utf8; docs/decisions/0033-words-of-a-passage.md). Where the
 * dictionary is not installed nothing is read, and who asks goes by letters alone. What is no Japanese is cut where characters of
 * one kind end, and is its own lemma. The process has one dictionary, mapped and shared with others; not for two threads at once.
 * Time is linear in the text: a megabyte wants some 0.2 s. */
#pragma once

#include "base/bytes.h"
#include "base/why.h"
#include "judge/letters.h"

#define LEMMAS_FOLDER "/var/lib/mecab/dic/juman-utf8" /* Debian's */
#define LEMMAS_LINE   1500 /* bytes of a line that are read; beyond: not */

/* The dictionary in a folder, from now on for the whole process; before any sandbox. SK_CONFIG, with what to install, where there is none, or
 * another than JUMAN's in UTF-8; nothing is read then. While one is open a second call opens none. */
enum sk_code lemmas_open(const char *folder, struct why *why);
bool lemmas_are_open(void);
/* Text in normal form, valid UTF-8 without NUL. Adds its runs: places below LETTERS_COUNT and how often each stands there, beside what
 * stands in it. What finds no room is not taken. */
void lemmas_add(struct letters *runs, struct bytes normal);
