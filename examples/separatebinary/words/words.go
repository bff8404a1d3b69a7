// Package words has what the two programs of this example say to each other.
// Types of a package that both import are the same in both.
package words

// Options are the start arguments of the worker.
type Options struct{ MinLength int }

// Count asks how many words a text has. The reply is an int.
type Count struct{ Text string }
