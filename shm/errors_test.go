package shm

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestAMachineWithoutAddressSpaceAnswersErrNoMemory(t *testing.T) {
	// Terabytes of address space, no memory: 128 of them fill what a process
	// has on amd64, 256 on arm64.
	for range 300 {
		s, err := Create("huge", Header{Kind: KindBlob, Size: MaxSize})
		if err != nil {
			if !errors.Is(err, ErrNoMemory) {
				t.Errorf("got %v, want ErrNoMemory", err)
			}
			return
		}
		defer s.Close()
	}
	t.Skip("this machine has more than 300 TiB of address space for a process")
}

func TestAProcessWithoutDescriptorsAnswersErrNoMemory(t *testing.T) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Skipf("no limits here: %v", err)
	}
	low := limit
	low.Cur = 3
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &low); err != nil {
		t.Skipf("limits cannot be set here: %v", err)
	}
	s, err := Create("test", Header{Kind: KindBlob, Size: 4096})
	if restore := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); restore != nil {
		t.Fatal(restore)
	}
	if err == nil {
		s.Close()
		t.Skip("the limit is not enforced here")
	}
	if !errors.Is(err, ErrNoMemory) {
		t.Errorf("got %v, want ErrNoMemory", err)
	}
}

func TestTheKernelsAnswersAreSorted(t *testing.T) {
	for _, c := range []struct {
		errno unix.Errno
		want  error
	}{
		{unix.ENOMEM, ErrNoMemory}, {unix.ENOSPC, ErrNoMemory}, {unix.EMFILE, ErrNoMemory},
		{unix.ENFILE, ErrNoMemory}, {unix.EFBIG, ErrNoMemory}, {unix.EAGAIN, ErrNoMemory},
		{unix.ENOSYS, ErrNotSupported}, {unix.EPERM, ErrNotSupported}, {unix.EACCES, ErrNotSupported},
		{unix.EBADF, unix.EBADF},
	} {
		err := wrapErrno("memfd_create", "test", 4096, c.errno)
		if !errors.Is(err, c.want) || !errors.Is(err, c.errno) {
			t.Errorf("%v becomes %q, want it to wrap %v and itself", c.errno, err, c.want)
		}
	}
}

func TestAPlainFileIsNoSegment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(path, make([]byte, 8192), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file, "plain", KindOutbox, false); !errors.Is(err, ErrLayout) {
		t.Errorf("got %v, want ErrLayout", err)
	}
}

// rawMemfd returns a memfd with the given contents and seals.
func rawMemfd(t *testing.T, contents []byte, seals int) *os.File {
	t.Helper()
	fd, err := unix.MemfdCreate("raw", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(fd), "raw")
	if _, err := file.Write(contents); err != nil {
		t.Fatal(err)
	}
	if seals != 0 {
		if err := addSeals(file, seals); err != nil {
			t.Fatal(err)
		}
	}
	return file
}

func TestAMemfdWithoutSealsIsRefused(t *testing.T) {
	s := newSegment(t, 4096)
	for _, seals := range []int{0, unix.F_SEAL_SHRINK, unix.F_SEAL_GROW} {
		file := rawMemfd(t, s.Bytes(), seals)
		if _, err := Open(file, "test", KindOutbox, false); !errors.Is(err, ErrLayout) {
			t.Errorf("seals %#x: %v, want ErrLayout", seals, err)
		}
	}
}

func TestATruncatedSegmentIsRefused(t *testing.T) {
	s := newSegment(t, 8192)
	for _, n := range []int{0, 1, HeaderSize - 1, HeaderSize, 4096} {
		file := rawMemfd(t, s.Bytes()[:n], baseSeals)
		if _, err := Open(file, "test", KindOutbox, false); !errors.Is(err, ErrLayout) {
			t.Errorf("%d bytes of 8192: %v, want ErrLayout", n, err)
		}
	}
}

func TestADamagedHeaderIsRefused(t *testing.T) {
	le := binary.LittleEndian
	for _, c := range []struct {
		what   string
		damage func(b []byte)
		want   error
	}{
		{"magic", func(b []byte) { b[0] ^= 1 }, ErrLayout},
		{"byte order", func(b []byte) { binary.BigEndian.PutUint64(b[offMagic:], magic) }, ErrLayout},
		{"version", func(b []byte) { le.PutUint32(b[offVersion:], Version+1) }, ErrVersion},
		{"kind", func(b []byte) { le.PutUint32(b[offKind:], uint32(KindInbox)) }, ErrLayout},
		{"size", func(b []byte) { le.PutUint64(b[offSize:], 1<<40) }, ErrLayout},
		{"required feature", func(b []byte) { le.PutUint64(b[offRequired:], 1<<63) }, ErrLayout},
		{"ready", func(b []byte) { le.PutUint32(b[offReady:], 0) }, ErrNotReady},
	} {
		s := newSegment(t, 4096)
		c.damage(s.Bytes())
		if _, err := Open(share(t, s), "test", KindOutbox, false); !errors.Is(err, c.want) {
			t.Errorf("damaged %s: %v, want %v", c.what, err, c.want)
		}
	}
}

func TestAnOptionalFeatureMayBeUnknown(t *testing.T) {
	s := newSegment(t, 4096)
	binary.LittleEndian.PutUint64(s.Bytes()[offOptional:], 1<<5)
	peer, err := Open(share(t, s), "test", KindOutbox, false)
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	if peer.Header().Optional != 1<<5 {
		t.Errorf("optional features are %#x", peer.Header().Optional)
	}
}

func TestOpenSharedNamesWhatItCannotOpen(t *testing.T) {
	if _, err := OpenShared(os.Getpid(), 1<<30); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want one that wraps os.ErrNotExist", err)
	}
}
