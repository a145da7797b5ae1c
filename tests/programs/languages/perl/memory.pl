#= verdict = "memory_exceeded"
#= limits = { memory_bytes = 67108864, cpu_seconds = 20.0 }
my @hoard;
push @hoard, chr(@hoard % 128) x (1 << 20) while 1;
