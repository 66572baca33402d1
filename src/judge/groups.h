/* Who belongs together: the sections [group NAME] of the configuration.
 *
 *     [group sales]
 *     members = @sales.example.jp, taro@example.jp, *.shop.example.jp
 *     file    = /etc/sekisho/sales.members
 *
 * A member is an address, "@domain" for all of a domain, or "*.domain" for all domains below one. The file has one a line;
 * empty lines and lines that begin with # are not read. A recipient is in one group at most, by what names him most
 * exactly: his address before his domain, that before the nearest domain above it. Naming the same member in two groups is
 * an error that names the line. Names are compared as consents are (permit/recipient_name.h), without +detail where
 * permit.detail is set.
 *
 * A group is known to the record by a number made of its name alone: who renames a group begins a new one. Memory is the
 * arena's. LIMIT_GROUPS, LIMIT_GROUP_MEMBERS and LIMIT_GROUP_FILE bound it. */
#pragma once

#include "base/arena.h"
#include "base/config.h"
#include "base/why.h"

#define GROUP_NAME_MOST 64 /* bytes of a group's name */

struct groups;

/* Ends with a row whose name is NULL. */
extern const struct config_key groups_config_keys[];

/* SK_CONFIG: the line, and what to write instead. */
enum sk_code groups_new(struct arena *arena, const struct config *config,
                        const struct groups **groups_r, struct why *why);
size_t groups_count(const struct groups *groups);
/* The i-th, in the order of the file. */
uint64_t groups_id(const struct groups *groups, size_t i);
/* "" where no group has that number. */
struct bytes groups_name(const struct groups *groups, uint64_t id);
/* The group of a recipient by his normal name (judge/personal.h: personal_name); 0: he is in none. */
uint64_t groups_of(const struct groups *groups, struct bytes name);
