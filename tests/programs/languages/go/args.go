//= args = ["a b", "--flag", "é"]
//= stdout = "a b|--flag|é\n"
package main

import (
	"fmt"
	"os"
	"strings"
)

func main() { fmt.Println(strings.Join(os.Args[1:], "|")) }
