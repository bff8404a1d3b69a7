package control

// Descriptors that a worker process inherits, in this order from 3 on. Without
// shared memory (supervisor.Group) only the first two are there.
const (
	FDControl   = 3 + iota // one end of the control socket
	FDArgs                 // the start arguments, encoded, to be read from the beginning
	FDDirectory            // read-only
	FDBells                // writable
	FDInbox                // writable, this worker's own
	FDOutbox               // writable, this worker's own
)

// Env is the environment variable that tells a process that it is a worker. It
// carries nothing else, and is removed as soon as it was read.
const Env = "RINGMASTER_WORKER"
