package ring

import "errors"

// Errors that callers are expected to tell apart, wrapped with the numbers that
// matter.
var (
	// ErrFull reports that a lane or a slab has no room for the record now.
	ErrFull = errors.New("ring: lane is full")

	// ErrTooLarge reports a payload above the limit of the memory it was
	// meant for.
	ErrTooLarge = errors.New("ring: payload is too large")

	// ErrTerminated reports that the receiver has ended, and did not take
	// the record.
	ErrTerminated = errors.New("ring: receiver has ended")

	// ErrCorrupt reports bytes or counters from a peer that make no sense.
	// The lane they came from is not read again.
	ErrCorrupt = errors.New("ring: nonsense from a peer")

	// ErrClosed reports the use of a port or lane that this process closed.
	ErrClosed = errors.New("ring: closed")

	// ErrNoPeer reports a slot in which no process has memory.
	ErrNoPeer = errors.New("ring: no peer in this slot")

	// ErrGeometry reports sizes outside their bounds.
	ErrGeometry = errors.New("ring: sizes out of bounds")

	// ErrNotSupported reports that this kernel, or a filter in front of it,
	// refuses what was asked for.
	ErrNotSupported = errors.New("ring: not supported here")
)
