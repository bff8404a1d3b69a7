package proc

import (
	"os"

	"golang.org/x/sys/unix"
)

// buffered returns how many bytes can be read from the pipe without waiting.
func buffered(pipe *os.File) int64 {
	conn, err := pipe.SyscallConn()
	if err != nil {
		return 0
	}
	var bytes int
	err = conn.Control(func(fd uintptr) {
		bytes, _ = unix.IoctlGetInt(int(fd), unix.TIOCINQ)
	})
	if err != nil {
		return 0
	}
	return int64(bytes)
}
