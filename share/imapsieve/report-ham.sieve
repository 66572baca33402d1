# What a person takes out of Junk is wanted, unless he throws it away. See docs/LEARNING.md.
require ["vnd.dovecot.pipe", "copy", "imapsieve", "environment", "variables"];

if environment :matches "imap.mailbox" "*" {
    set "mailbox" "${1}";
}
if string :is "${mailbox}" ["Trash", "Deleted Messages", "ゴミ箱"] {
    stop;
}
if environment :matches "imap.user" "*" {
    set "user" "${1}";
}
pipe :copy "sekisho-learn" ["ham", "${user}"];
