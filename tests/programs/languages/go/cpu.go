//= verdict = "cpu_time_exceeded"
//= limits = { cpu_seconds = 0.5 }
package main

func main() {
	for {
	}
}
