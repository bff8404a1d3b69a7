package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/ringmaster-ipc/ringmaster/ring"
)

// Version is the version of the frames and of everything the processes of a run
// must agree on besides the segments' layout. Processes of different versions
// refuse each other.
const Version = 1

// MaxFrame is the largest frame in bytes. What may be longer (a stack, an
// error's text) is cut by its sender.
const MaxFrame = 64 << 10

// Errors of a conversation.
var (
	// ErrVersion reports processes built with different protocol versions.
	ErrVersion = errors.New("ringmaster: protocol versions differ")

	// ErrFrame reports bytes on the control socket that are no frame.
	ErrFrame = errors.New("control: not a frame")
)

// Kind says what a frame is.
type Kind string

// The kinds of frame. Keep and Fetch are answered with a Reply of the same
// sequence number.
const (
	KindHello   Kind = "hello"   // worker: this is who I am
	KindWelcome Kind = "welcome" // supervisor: this is what you are to do
	KindFailed  Kind = "failed"  // worker: I end, because of this
	KindEnded   Kind = "ended"   // worker: I end in order
	KindStop    Kind = "stop"    // supervisor: finish what you have and end
	KindCancel  Kind = "cancel"  // supervisor: the run is over
	KindKeep    Kind = "keep"    // worker: hold this segment for these slots
	KindDrop    Kind = "drop"    // worker: this slot is done with that segment
	KindFetch   Kind = "fetch"   // worker: send me this descriptor
	KindReply   Kind = "reply"   // supervisor: the answer
)

// Frame is one message on the control socket. Fields that a kind does not use
// are absent.
type Frame struct {
	Kind Kind   `json:"kind"`
	Seq  uint64 `json:"seq,omitempty"`

	Hello   *Hello   `json:"hello,omitempty"`
	Welcome *Welcome `json:"welcome,omitempty"`
	Failure *Failure `json:"failure,omitempty"`

	Handle     uint64 `json:"handle,omitempty"`     // Keep's reply, Drop
	Slot       int    `json:"slot,omitempty"`       // Drop
	Slots      []int  `json:"slots,omitempty"`      // Keep
	Descriptor uint32 `json:"descriptor,omitempty"` // Fetch
	Error      string `json:"error,omitempty"`      // Reply: it did not work
}

// Hello is the worker's first frame.
type Hello struct {
	Version int `json:"version"` // of this package
	Layout  int `json:"layout"`  // of the segments
	PID     int `json:"pid"`

	Kinds []string `json:"kinds"` // what the binary defines
}

// Welcome is the supervisor's answer.
type Welcome struct {
	Version       int           `json:"version"`
	Layout        int           `json:"layout"`
	Supervised    bool          `json:"supervised"` // false: no shared memory, see supervisor.Group
	Slot          int           `json:"slot"`
	Index         int           `json:"index"` // of the outbox
	Incarnation   uint32        `json:"incarnation"`
	ID            uint64        `json:"id"`
	Name          string        `json:"name"`
	Worker        string        `json:"worker"` // the kind to run; empty where the binary defines one
	Resident      bool          `json:"resident"`
	Cores         []int         `json:"cores,omitempty"`
	Wait          ring.Strategy `json:"wait"`
	Fenced        bool          `json:"fenced"`
	SupervisorPID int           `json:"supervisorPID"`
	Build         uint64        `json:"build"` // identifies the binary
	MaxMessage    int           `json:"maxMessage"`
	ArgsSize      int64         `json:"argsSize"`
}

// Failure is how a worker reports an end that is not in order.
type Failure struct {
	Reason    string   `json:"reason"` // "error", "panic", "unhandled", "start"
	Text      string   `json:"text"`
	Stack     string   `json:"stack,omitempty"`
	Sentinels []string `json:"sentinels,omitempty"` // texts of the known errors it wraps
}

// Trim cuts what may be long so that the failure fits a frame: to 24 KiB each,
// and further where JSON needs several bytes for one.
func (f *Failure) Trim() {
	text, stack := f.Text, f.Stack
	for most := 24 << 10; most > 0; most /= 2 {
		f.Text, f.Stack = cut(text, most), cut(stack, most)
		frame := Frame{Kind: KindFailed, Failure: f}
		if _, err := frame.encode(); err == nil {
			return
		}
	}
}

func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + fmt.Sprintf("… (%d bytes cut)", len(s)-most)
}

func (f *Frame) encode() ([]byte, error) {
	data, err := json.Marshal(f)
	if err == nil && len(data) > MaxFrame {
		err = fmt.Errorf("%w: %s of %d bytes, the limit is %d", ErrFrame, f.Kind, len(data), MaxFrame)
	}
	return data, err
}

func decode(data []byte) (Frame, error) {
	var f Frame
	if err := json.Unmarshal(data, &f); err != nil {
		return Frame{}, fmt.Errorf("%w: %v", ErrFrame, err)
	}
	return f, nil
}

// CheckVersion reports whether two processes can talk, as an [ErrVersion] that
// names both sides.
func CheckVersion(who string, version, layout, ownLayout int) error {
	if version != Version {
		return fmt.Errorf("%w: %s speaks protocol %d, this program %d; build both with one version of ringmaster", ErrVersion, who, version, Version)
	}
	if layout != ownLayout {
		return fmt.Errorf("%w: %s uses memory layout %d, this program %d; build both with one version of ringmaster", ErrVersion, who, layout, ownLayout)
	}
	return nil
}
