# SPDX-License-Identifier: BSD-2-Clause
#
# Sends bytes to a port of this machine and prints what comes back until the other side closes, or 20 seconds are over (exit 9).
#
# usage: perl http_raw.pl PORT 'GET / HTTP/1.0\r\n\r\n'    (\r, \n, \0 and xN for N times the letter x: x{9000})

use strict;
use warnings;
use IO::Socket::INET;

my ($port, $text) = @ARGV;
$text =~ s/(.)\{(\d+)\}/$1 x $2/ge;
$text =~ s/\\r/\r/g;
$text =~ s/\\n/\n/g;
$text =~ s/\\0/\0/g;
my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port") or die "connect: $!";
$SIG{ALRM} = sub { exit 9 };
$SIG{PIPE} = "IGNORE";
alarm 20;
$socket->syswrite($text);
while ($socket->sysread(my $bytes, 65536)) { print $bytes }
