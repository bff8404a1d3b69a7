package shm

import "errors"

// Errors that callers are expected to tell apart. They come wrapped with the
// name of the segment and the numbers that matter.
var (
	// ErrNoMemory reports that the kernel has no memory, address space or
	// descriptor for a segment.
	ErrNoMemory = errors.New("shm: no memory for a segment")

	// ErrNotSupported reports that this kernel, or a filter in front of it,
	// refuses a system call that segments cannot do without.
	ErrNotSupported = errors.New("shm: not supported here")

	// ErrLayout reports a descriptor that is not a segment of the expected
	// kind: no segment at all, another byte order, sizes that do not fit, a
	// required feature this program does not know, or seals that are missing.
	ErrLayout = errors.New("shm: not the expected segment")

	// ErrVersion reports a segment laid out by another version of ringmaster.
	ErrVersion = errors.New("shm: segment of another layout version")

	// ErrNotReady reports a segment whose creator has not finished it.
	ErrNotReady = errors.New("shm: segment is not ready")

	// ErrReadOnly reports an operation that needs a writable mapping, or that
	// there can be none: the segment is sealed against writing, or the
	// descriptor was opened read-only.
	ErrReadOnly = errors.New("shm: segment is mapped read-only")
)
