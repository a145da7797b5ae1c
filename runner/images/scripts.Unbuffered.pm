package Unbuffered;

# What is written is seen at once, also where output is a pipe: people wait for prompts.
$| = 1;

1;
