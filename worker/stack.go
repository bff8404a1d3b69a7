package worker

import "strings"

// enginePrefix begins the name of every function of this package.
const enginePrefix = "github.com/ringmaster-ipc/ringmaster/worker."

// userStack cuts a panic's stack, as debug.Stack has it, down to what the user
// wrote: from the function that panicked to the one that this package called.
// What it does not recognise it leaves alone.
func userStack(stack string) string {
	head, rest, found := strings.Cut(stack, "\n")
	if !found || rest == "" {
		return stack
	}
	lines := strings.Split(strings.TrimRight(rest, "\n"), "\n")
	first, last := 0, len(lines)
	for i := 0; i+1 < len(lines); i += 2 { // a function, then its place
		if strings.HasPrefix(lines[i], "panic(") {
			first = i + 2
		}
	}
	for first+1 < len(lines) && strings.HasPrefix(lines[first], "runtime.") {
		first += 2 // a fault: the runtime's own way to the panic
	}
	for i := first; i+1 < len(lines); i += 2 {
		if strings.HasPrefix(lines[i], enginePrefix) {
			last = i
			break
		}
	}
	if first >= last {
		return stack
	}
	return head + "\n" + strings.Join(lines[first:last], "\n") + "\n"
}
