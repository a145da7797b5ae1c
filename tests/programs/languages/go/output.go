//= verdict = "output_exceeded"
//= limits = { output_bytes = 65536 }
//= says = "all work and no play"
package main

import "fmt"

func main() {
	for {
		fmt.Println("all work and no play makes jack a dull boy")
	}
}
