package shm

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// SocketPair returns the two ends of a new socket that keeps the boundaries of
// what is written (SOCK_SEQPACKET) and can carry descriptors: how a segment
// reaches a process that cannot open it by itself.
func SocketPair() (one, other *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("shm: socketpair: %w", err)
	}
	return os.NewFile(uintptr(fds[0]), "socket"), os.NewFile(uintptr(fds[1]), "socket"), nil
}
