/* The commands. Each takes its own name and what stands after it, and gives an exit status (options.h). */
#pragma once

int serve_command(int count, char **arguments);
int check_command(int count, char **arguments);
int read_command(int count, char **arguments);
int learn_command(int count, char **arguments);
int classify_command(int count, char **arguments);
int search_command(int count, char **arguments);
int explain_command(int count, char **arguments);
int origin_command(int count, char **arguments);
int law_command(int count, char **arguments);
int lexicon_command(int count, char **arguments);
int brand_command(int count, char **arguments);
int ledger_command(int count, char **arguments);
int try_command(int count, char **arguments);
int flood_command(int count, char **arguments);
int account_command(int count, char **arguments);
int alarm_command(int count, char **arguments);
int dmarc_command(int count, char **arguments);
int campaign_command(int count, char **arguments);
int lure_command(int count, char **arguments);
int config_command(int count, char **arguments);
int consent_command(int count, char **arguments);
int hold_command(int count, char **arguments);
int held_command(int count, char **arguments);
int replay_command(int count, char **arguments);
int purge_command(int count, char **arguments);
int status_command(int count, char **arguments);
int doctor_command(int count, char **arguments);
int backup_command(int count, char **arguments);
int restore_command(int count, char **arguments);
int papers_command(int count, char **arguments);
