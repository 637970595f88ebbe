# SPDX-License-Identifier: BSD-2-Clause
#
# Reads a page in Prometheus' text format 0.0.4 and accepts nothing that the format does not have. Says the first thing that is wrong.
#
# usage: perl prom_check.pl <page

use strict;
use warnings;

my $page = do { local $/; <STDIN> };
sub wrong { print "prom_check: @_\n"; exit 1 }

wrong("does not end with a newline") unless $page =~ /\n\z/;
wrong("is not UTF-8") unless utf8::decode(my $copy = $page);
my (%done, %type, %seen, %buckets, %count, %sum, $family);
my $line_nr = 0;
for my $line (split /\n/, $page) {
	$line_nr++;
	my $at = "line $line_nr: $line:";
	if ($line =~ /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/) {
		wrong("$at a second block of $1") if $done{$1}++;
		$family = $1;
		my $help = $2;
		$help =~ s/\\[\\n]//g;
		wrong("$at escape in HELP") if $help =~ /\\/;
		next;
	}
	if ($line =~ /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram|summary|untyped)$/) {
		wrong("$at TYPE without HELP in front") unless defined $family && $1 eq $family;
		wrong("$at a second TYPE") if $type{$1};
		$type{$1} = $2;
		wrong("$at a counter without _total") if $2 eq "counter" && $1 !~ /_total$/;
		next;
	}
	wrong("$at neither a heading nor a sample") unless $line =~ /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(.*)\})? (-?[0-9]+(\.[0-9]+)?)$/;
	my ($name, $labels, $value) = ($1, defined $3 ? $3 : "", $4);
	my $kind = defined $family ? $type{$family} : undef;
	wrong("$at no TYPE") unless $kind;
	my $end = $kind eq "histogram" ? $name : "";
	$end =~ s/^\Q$family\E// if $end;
	wrong("$at not of $family") unless $kind eq "histogram" ? $end =~ /^_(bucket|sum|count)$/ : $name eq $family;
	my (%label, @rest);
	while ($labels ne "") {
		wrong("$at bad label at '$labels'") unless $labels =~ s/^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\[\\"n])*)"(,(?=.)|$)//;
		wrong("$at label $1 twice") if exists $label{$1};
		wrong("$at label $1 is reserved") if $1 =~ /^__/;
		$label{$1} = $2;
		push @rest, "$1=$2" if $1 ne "le";
	}
	my $series = join ",", $name, map { "$_=$label{$_}" } sort keys %label;
	wrong("$at a second time") if $seen{$series}++;
	wrong("$at a negative counter") if $value < 0 && $kind ne "gauge" && $kind ne "untyped";
	next unless $kind eq "histogram";
	my $group = join ",", $family, sort @rest;
	wrong("$at le") if exists $label{le} != ($end eq "_bucket");
	if ($end eq "_bucket") {
		my $le = $label{le} eq "+Inf" ? 9e99 : $label{le};
		my $last = $buckets{$group};
		wrong("$at not cumulative") if $last && ($le <= $last->[0] || $value < $last->[1]);
		$buckets{$group} = [$le, $value];
	}
	$count{$group} = $value if $end eq "_count";
	$sum{$group} = $value if $end eq "_sum";
}
for my $group (keys %buckets) {
	wrong("$group: no +Inf") unless $buckets{$group}[0] == 9e99;
	wrong("$group: no sum") unless exists $sum{$group};
	wrong("$group: count is not the last bucket") unless exists $count{$group} && $count{$group} == $buckets{$group}[1];
}
wrong("no samples") unless %seen;
