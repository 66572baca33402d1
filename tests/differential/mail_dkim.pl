# Mail::DKIM for beside_dkim.py. A line is a list of words in base64 between tabs: "sign", message, method, domain, selector,
# names, key (or "sign-domainkeys", the same); or "verify" or "verify-domainkeys", message, and a name and a record for each key ("TIMEOUT": no answer). The answer is one line of
# words: the signature in base64, or for each signature result/reason. Nothing leaves this process.
use strict; use warnings;
our $now; BEGIN { $now = 1700000000; *CORE::GLOBAL::time = sub () { $now }; }
use MIME::Base64;
use Mail::DKIM::Signer; use Mail::DKIM::Verifier; use Mail::DKIM::DNS; use Mail::DKIM::Signature; use Mail::DKIM::DkSignature; use Mail::DKIM::PrivateKey;
my %zone;
package Answer; sub new { bless { t => $_[1] }, $_[0] } sub type { 'TXT' } sub char_str_list { $_[0]{t} } sub txtdata { $_[0]{t} }
package main;
sub look_up {
    my $record = $zone{ lc $_[0] };
    return () unless defined $record;
    die "DNS query timeout\n" if ref $record;
    return (Answer->new($record));
}
{
    no warnings 'redefine';
    *Mail::DKIM::DNS::query = sub { look_up(@_) };
    *Mail::DKIM::DNS::query_async = sub {
        my ($name, $type, %p) = @_;
        my @found = eval { look_up($name) };
        my $error = $@;
        return sub {
            if ($error) { $p{Callbacks}{Error} ? return $p{Callbacks}{Error}->($error) : die $error }
            return $p{Callbacks}{Success} ? $p{Callbacks}{Success}->(@found) : @found;
        };
    };
}
$| = 1;
while (my $line = <STDIN>) {
    chomp $line;
    my ($op, $message, @rest) = map { decode_base64($_) } split /\t/, $line, -1;
    my @answer = eval {
        if ($op eq 'sign') {
            my ($method, $domain, $selector, $names, $key) = @rest;
            my $signer = Mail::DKIM::Signer->new(
                Algorithm => 'rsa-sha256', Method => $method, Domain => $domain, Selector => $selector,
                Headers => $names || undef, Key => Mail::DKIM::PrivateKey->load(Data => $key));
            $signer->PRINT($message);
            $signer->CLOSE;
            return encode_base64($signer->signature->as_string, '');
        }
        if ($op eq 'sign-domainkeys') {
            my ($method, $domain, $selector, $names, $key) = @rest;
            my $signer = Mail::DKIM::Signer->new(
                Key => Mail::DKIM::PrivateKey->load(Data => $key),
                Policy => sub {
                    $_[0]->add_signature(Mail::DKIM::DkSignature->new(
                        Algorithm => 'rsa-sha1', Method => $method, Domain => $domain, Selector => $selector, Headers => $names || undef));
                    return 1;
                });
            $signer->PRINT($message);
            $signer->CLOSE;
            return encode_base64($signer->signature->as_string, '');
        }
        %zone = ();
        while (my ($name, $record) = splice @rest, 0, 2) {
            $zone{ lc $name } = $record eq 'TIMEOUT' ? {} : $record;
        }
        my $dkim = Mail::DKIM::Verifier->new();
        $dkim->PRINT($message);
        $dkim->CLOSE;
        return map { ( $_->result_detail // 'none' ) =~ s{^(\w+)\s*}{$1/}r =~ s{\s}{_}gr } grep { $_->isa('Mail::DKIM::DkSignature') == ( $op eq 'verify-domainkeys' ) } $dkim->signatures;
    };
    print join(' ', $@ ? 'error' : @answer), "\n";
}
