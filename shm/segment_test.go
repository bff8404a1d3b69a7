package shm

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func (s *Segment) procPath() string { return fmt.Sprintf("/proc/self/fd/%d", s.file.Fd()) }

func TestWhatTheOwnerWritesAPeerReads(t *testing.T) {
	owner := newSegment(t, 8192)
	peer, err := Open(share(t, owner), "test", KindOutbox, false)
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	copy(owner.Bytes()[HeaderSize:], "hello")
	if got := peer.Bytes()[HeaderSize : HeaderSize+5]; string(got) != "hello" {
		t.Errorf("peer reads %q, want hello", got)
	}
	h := peer.Header()
	if h.Owner != 3 || h.Incarnation != 2 || h.ID != 77 || h.Kind != KindOutbox || h.Size != 8192 {
		t.Errorf("peer's header is %+v", h)
	}
	if peer.Writable() || !owner.Writable() {
		t.Errorf("writable: peer %v, owner %v; want false, true", peer.Writable(), owner.Writable())
	}
	if owner.Name() != "test" {
		t.Errorf("name is %q", owner.Name())
	}
}

func TestASegmentCanBeOpenedForWritingTwice(t *testing.T) {
	a := newSegment(t, 4096)
	b, err := Open(duplicate(t, a), "test", KindOutbox, true)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	b.Bytes()[200] = 9
	if a.Bytes()[200] != 9 {
		t.Error("the first mapping does not see what the second wrote")
	}
}

func TestSizesAreRoundedUpToPages(t *testing.T) {
	page := os.Getpagesize()
	s := newSegment(t, int64(page)+1)
	if len(s.Bytes()) != 2*page || s.Header().Size != int64(2*page) {
		t.Errorf("%d bytes, header says %d, want %d", len(s.Bytes()), s.Header().Size, 2*page)
	}
}

func TestSizesOutsideTheBoundsAreRefused(t *testing.T) {
	for _, size := range []int64{-1, 0, HeaderSize - 1, MaxSize + 1} {
		if s, err := Create("test", Header{Kind: KindBells, Size: size}); err == nil {
			s.Close()
			t.Errorf("size %d was accepted", size)
		}
	}
}

func TestWritingToAReadOnlyMappingFaults(t *testing.T) {
	owner := newSegment(t, 4096)
	peer, err := Open(share(t, owner), "test", KindOutbox, false)
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if recover() == nil {
			t.Error("the write went through")
		}
		if owner.Bytes()[500] != 0 {
			t.Error("the owner's memory has changed")
		}
	}()
	peer.Bytes()[500] = 1
}

func TestASegmentCanNeitherShrinkNorGrow(t *testing.T) {
	s := newSegment(t, 8192)
	for _, size := range []int64{0, 4096, 16384} {
		if err := s.File().Truncate(size); !errors.Is(err, unix.EPERM) {
			t.Errorf("truncate to %d: %v, want EPERM", size, err)
		}
	}
	if s.Bytes()[8191] != 0 {
		t.Error("the last byte has changed")
	}
}

func TestSealWritesStopsNewWritersAndNotTheOwner(t *testing.T) {
	s := newSegment(t, 4096)
	if err := s.SealWrites(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(duplicate(t, s), "test", KindOutbox, true); !errors.Is(err, ErrReadOnly) {
		if err == nil {
			t.Skip("this kernel does not know F_SEAL_FUTURE_WRITE (Linux 5.1)")
		}
		t.Errorf("a second writable mapping: %v, want ErrReadOnly", err)
	}
	s.Bytes()[300] = 7
	peer, err := Open(share(t, s), "test", KindOutbox, false)
	if err != nil {
		t.Fatalf("reading a sealed segment: %v", err)
	}
	defer peer.Close()
	if peer.Bytes()[300] != 7 {
		t.Error("the owner's store after the seal is not seen")
	}
	if err := s.SealWrites(); !errors.Is(err, ErrNotSupported) {
		t.Errorf("a second seal: %v, want a refusal", err)
	}
}

func TestAReadOnlyDescriptorCannotBeMappedForWriting(t *testing.T) {
	s := newSegment(t, 4096)
	if _, err := Open(share(t, s), "test", KindOutbox, true); !errors.Is(err, ErrReadOnly) {
		t.Errorf("got %v, want ErrReadOnly", err)
	}
}

func TestNothingAppearsInAFolder(t *testing.T) {
	before, _ := os.ReadDir("/dev/shm")
	s := newSegment(t, 1<<20)
	copy(s.Bytes()[4096:], bytes.Repeat([]byte{1}, 4096))
	after, _ := os.ReadDir("/dev/shm")
	for _, entry := range after {
		if strings.Contains(entry.Name(), "ringmaster") {
			t.Errorf("%s appeared", filepath.Join("/dev/shm", entry.Name()))
		}
	}
	if len(before) == 0 && len(after) > 0 {
		t.Logf("others put %d files into /dev/shm meanwhile", len(after))
	}
	if link, err := os.Readlink(s.procPath()); err != nil || !strings.HasPrefix(link, "/memfd:ringmaster:test") {
		t.Errorf("the descriptor is %q (%v), want a memfd named ringmaster:test", link, err)
	}
}

func TestNoDescriptorIsLeftOpen(t *testing.T) {
	keep := newSegment(t, 4096)
	before := openDescriptors(t)
	for range 10 {
		s, err := Create("test", Header{Kind: KindInbox, Size: 4096})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Open(share(t, s), "test", KindInbox, false); !errors.Is(err, ErrNotReady) {
			t.Fatalf("opened an unfinished segment: %v", err)
		}
		s.Close()
		s.Close() // harmless

		if _, err := Open(share(t, keep), "test", KindBells, false); !errors.Is(err, ErrLayout) {
			t.Fatalf("opened as the wrong kind: %v", err)
		}
		peer, err := Open(share(t, keep), "test", KindOutbox, false)
		if err != nil {
			t.Fatal(err)
		}
		peer.Forget()
		if peer.File() != nil {
			t.Fatal("the descriptor is still there")
		}
		if peer.Bytes()[0] != 'R' {
			t.Fatal("the mapping is gone with the descriptor")
		}
		peer.Close()
	}
	if after := openDescriptors(t); after != before {
		t.Errorf("%d descriptors are open, %d were", after, before)
	}
}

func TestUnmapKeepsTheDescriptor(t *testing.T) {
	s := newSegment(t, 4096)
	s.Bytes()[1000] = 5
	s.Unmap()
	if s.Bytes() != nil {
		t.Error("the mapping is still there")
	}
	again, err := Open(share(t, s), "test", KindOutbox, false)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if again.Bytes()[1000] != 5 {
		t.Error("the contents are gone")
	}
}

func TestAllocateClaimsMemoryAndKeepsContents(t *testing.T) {
	s := newSegment(t, 1<<20)
	s.Bytes()[70000] = 1
	blocks := func() int64 {
		var stat unix.Stat_t
		if err := unix.Fstat(int(s.File().Fd()), &stat); err != nil {
			t.Fatal(err)
		}
		return stat.Blocks * 512
	}
	if got := blocks(); got > 64<<10 {
		t.Errorf("a fresh segment of 1 MiB holds %d bytes of memory", got)
	}
	if err := s.Allocate(65536, 128<<10); err != nil {
		t.Fatal(err)
	}
	if got := blocks(); got < 128<<10 {
		t.Errorf("%d bytes of memory after claiming 128 KiB", got)
	}
	if s.Bytes()[70000] != 1 {
		t.Error("contents are lost")
	}
}

func TestAllocateChecksRangeAndAccess(t *testing.T) {
	s := newSegment(t, 8192)
	for _, r := range [][2]int64{{-1, 10}, {0, 0}, {0, -5}, {8192, 1}, {1, 8192}, {1 << 62, 1 << 62}} {
		if err := s.Allocate(r[0], r[1]); err == nil {
			t.Errorf("range %d+%d was accepted", r[0], r[1])
		}
	}
	peer, err := Open(share(t, s), "test", KindOutbox, false)
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	if err := peer.Allocate(0, 4096); !errors.Is(err, ErrReadOnly) {
		t.Errorf("allocating through a read-only mapping: %v, want ErrReadOnly", err)
	}
}
