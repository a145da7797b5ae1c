//= verdict = "runtime_error"
//= exit_code = 7
//= stdout = "before\n"
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Println("before")
	os.Exit(7)
}
