/* Shared by the parts of campaigns: campaigns.c keeps them, campaigns_file.c saves, campaigns_list.c tells of them. */
#pragma once

#include "record/campaigns.h"

#define CAMPAIGNS_HEAD ((size_t)4096)

struct campaigns_key {
    uint64_t key, campaign, number, unused;
};

struct campaigns {
    int folder;
    size_t capacity, index_size, memory_size;
    uint8_t *memory; /* the index, then the keys */
    struct campaign_index index;
    struct campaigns_key *keys;
    uint64_t seed, since; /* since which entry marks are of this seed */
    uint64_t entries;     /* of the ledger at the start */
    uint64_t known;       /* entries below it are in the state */
    struct book book;
    bool changed; /* since the last saving began */
    int file;     /* the present copy, for what is to be forgotten in it; -1: none */
    int64_t saved_ms;
    struct {
        int file; /* -1: nothing is being saved */
        size_t at;
        uint64_t known, count, last;
    } saving;
};

/* Takes the file's state; false: there is none that can be used, and the memory is to be emptied. */
bool campaigns_file_read(struct campaigns *campaigns);
