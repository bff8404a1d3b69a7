package proc

import (
	"os"

	"golang.org/x/sys/unix"
)

// awaitDeath returns when the child pid has died. It leaves the child to be
// reaped: until then its id and its group's are not given to others.
func awaitDeath(pid int) {
	if err := awaitPidfd(pid); err != nil {
		awaitBlocked(pid)
	}
}

// awaitPidfd waits in the runtime's poller, which costs no thread. It fails
// before Linux 5.10 and in sandboxes without pidfd_open.
func awaitPidfd(pid int) error {
	fd, err := unix.PidfdOpen(pid, unix.O_NONBLOCK)
	if err != nil {
		return os.NewSyscallError("pidfd_open", err)
	}
	file := os.NewFile(uintptr(fd), "pidfd")
	defer file.Close()
	conn, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var waitErr error
	err = conn.Read(func(fd uintptr) bool {
		var dead bool
		dead, waitErr = probeDeath(unix.P_PIDFD, int(fd), unix.WNOHANG)
		return dead || waitErr != nil
	})
	if err != nil {
		return err
	}
	return waitErr
}

// awaitBlocked waits in a system call, with a thread. An error means that there
// is no such child: it has been reaped behind our back, and reap will say so.
func awaitBlocked(pid int) {
	_, _ = probeDeath(unix.P_PID, pid, 0)
}

// probeDeath reports whether the child has died, without reaping it.
func probeDeath(idType, id, flags int) (bool, error) {
	var info unix.Siginfo
	for {
		err := unix.Waitid(idType, id, &info, unix.WEXITED|unix.WNOWAIT|flags, nil)
		if err == unix.EINTR {
			continue
		}
		// WNOHANG answers "not yet" by success and an empty info.
		return err == nil && info.Signo != 0, os.NewSyscallError("waitid", err)
	}
}

// killGroup sends SIGKILL to the group that pid leads.
func killGroup(pid int) error {
	return os.NewSyscallError("kill", unix.Kill(-pid, unix.SIGKILL))
}
