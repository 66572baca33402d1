# What a person moves into Junk is unwanted: Sekisho learns it in his name. See docs/LEARNING.md.
require ["vnd.dovecot.pipe", "copy", "imapsieve", "environment", "variables"];

if environment :matches "imap.user" "*" {
    set "user" "${1}";
}
pipe :copy "sekisho-learn" ["spam", "${user}"];
