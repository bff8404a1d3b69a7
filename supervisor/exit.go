package supervisor

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/ringmaster-ipc/ringmaster/worker"
)

// Exit statuses of [Exit].
const (
	exitFailure     = 1
	exitInterrupted = 130 // 128 + SIGINT, as shells have it
)

// Exit ends the program as a run ended: it returns for nil, exits with status
// 130 and without a word for [ErrInterrupted], and otherwise prints the error,
// with the worker's stack if it has one, and exits with status 1.
func Exit(err error) {
	switch {
	case err == nil:
		return
	case errors.Is(err, ErrInterrupted):
		os.Exit(exitInterrupted)
	}
	fmt.Fprintln(os.Stderr, explain(err))
	os.Exit(exitFailure)
}

// explain returns an error as a person wants to read it.
func explain(err error) string {
	text := err.Error()
	if failure, ok := errors.AsType[*worker.Error](err); ok && failure.Stack != "" {
		text += "\n\n" + strings.TrimRight(failure.Stack, "\n")
	}
	return text
}
