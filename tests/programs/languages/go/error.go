//= verdict = "compile_error"
//= says = "error.go:6"
package main

func main() {
	var x int = "one"
}
