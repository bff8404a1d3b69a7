// Package bench measures ringmaster on the machine it runs on: between real,
// pinned processes, beside a floor of bare loops on the same memory that is
// measured right before and right after each run, so that a virtual machine
// that changes its state within a second does not decide the result.
package bench
