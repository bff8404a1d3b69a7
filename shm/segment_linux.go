package shm

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Seals that every segment carries before anybody but its creator sees it.
const baseSeals = unix.F_SEAL_SHRINK | unix.F_SEAL_GROW

// createFile returns a memfd of size bytes with the base seals.
func createFile(name string, size int64) (*os.File, error) {
	// NOEXEC_SEAL came with Linux 6.3; an older kernel refuses the flag.
	flags := unix.MFD_CLOEXEC | unix.MFD_ALLOW_SEALING
	fd, err := unix.MemfdCreate("ringmaster:"+name, flags|unix.MFD_NOEXEC_SEAL)
	if errors.Is(err, unix.EINVAL) {
		fd, err = unix.MemfdCreate("ringmaster:"+name, flags)
	}
	if err != nil {
		return nil, wrapErrno("memfd_create", name, size, err)
	}
	file := os.NewFile(uintptr(fd), name)
	if err := unix.Ftruncate(fd, size); err != nil {
		file.Close()
		return nil, wrapErrno("ftruncate", name, size, err)
	}
	if err := addSeals(file, baseSeals); err != nil {
		file.Close()
		return nil, wrapErrno("seal", name, size, err)
	}
	return file, nil
}

func addSeals(file *os.File, seals int) error {
	_, err := unix.FcntlInt(file.Fd(), unix.F_ADD_SEALS, seals)
	return err
}

// sealWrites tolerates kernels before 5.1, which do not know the seal: it
// guards against accidents and nothing rests on it.
func sealWrites(file *os.File) error {
	err := addSeals(file, unix.F_SEAL_FUTURE_WRITE|unix.F_SEAL_SEAL)
	if errors.Is(err, unix.EINVAL) {
		err = addSeals(file, unix.F_SEAL_SEAL)
	}
	return err
}

// checkSealed returns the size of a file that can neither shrink nor grow.
func checkSealed(file *os.File) (int64, error) {
	seals, err := unix.FcntlInt(file.Fd(), unix.F_GET_SEALS, 0)
	if err != nil {
		return 0, fmt.Errorf("%w: the descriptor is no memfd (%v)", ErrLayout, err)
	}
	if seals&baseSeals != baseSeals {
		return 0, fmt.Errorf("%w: seals %#x lack %#x, so the file could shrink under its readers", ErrLayout, seals, baseSeals)
	}
	var stat unix.Stat_t
	if err := unix.Fstat(int(file.Fd()), &stat); err != nil {
		return 0, fmt.Errorf("%w: %v", ErrLayout, err)
	}
	return stat.Size, nil
}

func mapFile(file *os.File, name string, size int64, writable bool) ([]byte, error) {
	prot := unix.PROT_READ
	if writable {
		prot |= unix.PROT_WRITE
	}
	mem, err := unix.Mmap(int(file.Fd()), 0, int(size), prot, unix.MAP_SHARED)
	if writable && (errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES)) {
		// The seal against writing, or a descriptor opened read-only.
		return nil, fmt.Errorf("%w: mmap for %s: %w", ErrReadOnly, name, err)
	}
	if err != nil {
		return nil, wrapErrno("mmap", name, size, err)
	}
	return mem, nil
}

func unmap(mem []byte) {
	// Munmap fails only for a slice that did not come from Mmap.
	_ = unix.Munmap(mem)
}

func allocate(file *os.File, name string, offset, length int64) error {
	for {
		err := unix.Fallocate(int(file.Fd()), 0, offset, length)
		if err == nil {
			return nil
		}
		if !errors.Is(err, unix.EINTR) {
			return wrapErrno("fallocate", name, length, err)
		}
	}
}

// wrapErrno names what was asked and sorts the kernel's answer. An answer of
// neither kind stands for itself.
func wrapErrno(call, name string, size int64, err error) error {
	switch {
	case errors.Is(err, unix.ENOMEM), errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EMFILE),
		errors.Is(err, unix.ENFILE), errors.Is(err, unix.EFBIG), errors.Is(err, unix.EAGAIN):
		return fmt.Errorf("%w: %s for %s, %d bytes: %w", ErrNoMemory, call, name, size, err)
	case errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return fmt.Errorf("%w: %s for %s, %d bytes: %w", ErrNotSupported, call, name, size, err)
	}
	return fmt.Errorf("shm: %s for %s, %d bytes: %w", call, name, size, err)
}

// OpenShared opens descriptor fd of process pid again, read-only. The kernel
// allows it for processes of the same user where /proc is mounted and not
// hidden; it is how a peer gets at memory whose descriptor the supervisor
// holds, without asking the supervisor.
func OpenShared(pid, fd int) (*os.File, error) {
	file, err := os.OpenFile(fmt.Sprintf("/proc/%d/fd/%d", pid, fd), os.O_RDONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("shm: open descriptor %d of process %d: %w", fd, pid, err)
	}
	return file, nil
}
