/* Files of share/ that the program carries; see embedded.c.in. */
#pragma once

#include "base/bytes.h"

extern const uint8_t judge_threat_table[], judge_threat_table_end[];
extern const uint8_t judge_slang_table[], judge_slang_table_end[];
extern const uint8_t judge_lure_table[], judge_lure_table_end[];
extern const uint8_t judge_brands_table[], judge_brands_table_end[];
extern const uint8_t judge_model_file[], judge_model_file_end[];
extern const uint8_t judge_wording_file[], judge_wording_file_end[];
