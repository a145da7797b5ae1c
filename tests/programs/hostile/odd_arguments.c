//= attack = "Gets arguments that are empty, options, lines, commands for a shell and terminal sequences, and starts itself again with arguments and an environment that are no text at all."
//= verdict = "ok"
//= stdout = "as they were given"
//= args = ["", " ", "--help", "-", "two\nlines", "\u001b[2J", "€😀", "$(exit 3)", "`exit 3`", "'\"\\", "*", "; exit 3 #"]
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv, char **environment) {
  const char *expected[] = {"",     " ",         "--help",    "-",      "two\nlines", "\033[2J",
                            "€😀", "$(exit 3)", "`exit 3`", "'\"\\", "*",          "; exit 3 #"};
  if (argc == 2) {
    int same = !strcmp(argv[1], "\377\376\200") && !strcmp(environment[0], "no equals sign");
    puts(same ? "as they were given" : "changed");
    return 0;
  }
  for (int i = 0; i < 12; i++)
    if (argc != 13 || strcmp(argv[i + 1], expected[i])) return 1;
  char *arguments[] = {"", "\377\376\200", 0}, *variables[] = {"no equals sign", "=", "\377=\1", 0};
  execve("/proc/self/exe", arguments, variables);
  return 1;
}
