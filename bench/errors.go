package bench

import "errors"

// Errors that callers are expected to tell apart. They come wrapped with the
// option and the numbers that matter.
var (
	// ErrOption reports an option that a scenario cannot be run with.
	ErrOption = errors.New("bench: bad option")

	// ErrUnknown reports a scenario that there is not.
	ErrUnknown = errors.New("bench: no such scenario")

	// ErrDamaged reports messages that did not arrive as they were sent: lost,
	// repeated, out of order or changed.
	ErrDamaged = errors.New("bench: messages did not arrive as they were sent")

	// ErrStalled reports measured processes that did not finish in time.
	ErrStalled = errors.New("bench: the measured processes do not finish")
)
