package control

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringmaster-ipc/ringmaster/shm"
)

// pair returns both ends of a conversation.
func pair(t *testing.T) (ours, theirs *Conn) {
	t.Helper()
	ours, file, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	if theirs, err = New(file); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ours.Close()
		theirs.Close()
	})
	return ours, theirs
}

func TestFramesKeepTheirBoundaries(t *testing.T) {
	ours, theirs := pair(t)
	for seq := range uint64(100) {
		if err := theirs.Send(Frame{Kind: KindDrop, Seq: seq, Slot: int(seq)}, nil); err != nil {
			t.Fatal(err)
		}
	}
	for seq := range uint64(100) {
		f, file, err := ours.Receive()
		if err != nil || file != nil || f.Kind != KindDrop || f.Seq != seq || f.Slot != int(seq) {
			t.Fatalf("frame %d came as %+v with file %v, error %v", seq, f, file, err)
		}
	}
}

func TestAFrameCarriesADescriptor(t *testing.T) {
	ours, theirs := pair(t)
	path := filepath.Join(t.TempDir(), "passed")
	if err := os.WriteFile(path, []byte("contents"), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := theirs.Send(Frame{Kind: KindKeep, Slots: []int{3}}, file); err != nil {
		t.Fatal(err)
	}
	f, received, err := ours.Receive()
	if err != nil || received == nil {
		t.Fatalf("got %+v, file %v, error %v", f, received, err)
	}
	defer received.Close()
	if text, err := io.ReadAll(received); err != nil || string(text) != "contents" {
		t.Errorf("the received descriptor reads %q, %v", text, err)
	}
	if received.Fd() == file.Fd() {
		t.Error("the received descriptor is the sent one")
	}
}

func TestReceiveSaysThatTheOtherSideIsGone(t *testing.T) {
	ours, theirs := pair(t)
	theirs.Close()
	if _, _, err := ours.Receive(); err != io.EOF {
		t.Errorf("got %v, want io.EOF", err)
	}
}

func TestAFrameAboveTheLimitIsRefused(t *testing.T) {
	_, theirs := pair(t)
	err := theirs.Send(Frame{Kind: KindReply, Error: strings.Repeat("x", MaxFrame)}, nil)
	if !errors.Is(err, ErrFrame) {
		t.Errorf("got %v, want ErrFrame", err)
	}
}

func TestNonsenseIsNoFrame(t *testing.T) {
	if _, err := decode([]byte("not JSON")); !errors.Is(err, ErrFrame) {
		t.Errorf("got %v, want ErrFrame", err)
	}
}

func TestATrimmedFailureFitsAFrame(t *testing.T) {
	worst := strings.Repeat("\x01", 1<<20) // six bytes each in JSON
	f := Failure{Reason: "panic", Text: worst, Stack: worst, Sentinels: []string{"worker: unhandled message"}}
	f.Trim()
	frame := Frame{Kind: KindFailed, Failure: &f}
	data, err := frame.encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := decode(data)
	if err != nil || back.Failure == nil || !strings.Contains(back.Failure.Text, "bytes cut") {
		t.Errorf("got %+v, error %v", back.Failure, err)
	}
}

func TestCheckVersionNamesBothSides(t *testing.T) {
	for _, c := range []struct {
		version, layout int
		want            []string
	}{
		{Version + 98, shm.Version, []string{"worker \"x\"", "99", "1"}},
		{Version, shm.Version + 6, []string{"worker \"x\"", "7", "1"}},
	} {
		err := CheckVersion(`worker "x"`, c.version, c.layout, shm.Version)
		if !errors.Is(err, ErrVersion) {
			t.Errorf("got %v, want ErrVersion", err)
			continue
		}
		for _, text := range c.want {
			if !strings.Contains(err.Error(), text) {
				t.Errorf("%q does not say %q", err, text)
			}
		}
	}
	if err := CheckVersion("it", Version, shm.Version, shm.Version); err != nil {
		t.Errorf("equal versions: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"kind":"hello","hello":{"version":1}}`))
	f.Add([]byte(`{"kind":"keep","slots":[1,2]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		frame, err := decode(data)
		if err != nil {
			return
		}
		if data, err = frame.encode(); err == nil {
			if _, err := decode(data); err != nil {
				t.Errorf("what was encoded cannot be decoded: %v", err)
			}
		}
	})
}
