//= path = "main.go"
//= stdout = "42\n"
//= files."go.mod" = "module example.com/answer\n\ngo 1.19\n"
//= files."numbers/numbers.go" = "package numbers\n\nfunc Twice(n int) int { return 2 * n }\n"
package main

import (
	"fmt"

	"example.com/answer/numbers"
)

func main() { fmt.Println(numbers.Twice(21)) }
