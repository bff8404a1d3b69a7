package proc

import "errors"

// The errors of this package. They come wrapped with the values that matter;
// compare with [errors.Is].
var (
	// ErrClosed is returned by Start on a Spawner that has been closed.
	ErrClosed = errors.New("proc: spawner is closed")

	// ErrStart is returned by Start when the operating system did not start the
	// program. The system's own error is wrapped beside it, so that for
	// instance errors.Is(err, fs.ErrNotExist) holds for a missing program.
	ErrStart = errors.New("proc: process did not start")

	// ErrNoCore is returned by Start when a core asked for does not exist or is
	// not allowed to this process. The message lists the cores that are.
	ErrNoCore = errors.New("proc: core not available")

	// ErrCoreList is returned by ParseCoreList for text that is no core list.
	ErrCoreList = errors.New("proc: malformed core list")
)
