#= attack = "Writes what a terminal obeys: clear the screen, set the title, ask for an answer as if typed, overwrite the line above, change the character set."
#= verdict = "ok"
print("\x1b[2J\x1b]0;mine\x07\x1b[6n\x1b[c\x1b[1A\x1b[2Kok\r\x1b(0\x0e\x9b5n\x1bP+q544e\x1b\\\u202e\u2066")
