package worker

import (
	"context"
	"fmt"
	"os"
	"reflect"
	"strconv"

	"github.com/ringmaster-ipc/ringmaster/codec"
)

// EmptyMessage says nothing but that it came. Types that embed it are messages
// of their own that listeners for EmptyMessage hear too.
type EmptyMessage struct{}

// StringMessage is a line of text.
type StringMessage struct{ Text string }

// Detail returns the quoted text.
func (m StringMessage) Detail() string { return strconv.Quote(m.Text) }

// FileMessage is the name of a file; the receiver opens it itself. For an open
// file see SendFile.
type FileMessage struct{ Name string }

// Detail returns the quoted name.
func (m FileMessage) Detail() string { return strconv.Quote(m.Name) }

// Detailer is implemented by messages that have a text form of their own: what
// stands behind the type and the target in Describe.
type Detailer interface{ Detail() string }

func init() {
	codec.Register[EmptyMessage]()
	codec.Register[StringMessage]()
	codec.Register[FileMessage]()
	codec.Register[OpenFile]()
}

// Describe returns a message's text form: its type, where it goes, and its
// detail if it has one, such as
//
//	StringMessage to 2;"Test message"
func Describe(to Target, message any) string {
	text := fmt.Sprintf("%s to %v", reflect.TypeOf(message).Name(), to)
	if d, ok := message.(Detailer); ok {
		text += ";" + d.Detail()
	}
	return text
}

// OpenFile is an open file on its way to another worker.
type OpenFile struct {
	Name   string
	Handle uint64
}

// Open returns the file, with the offset and the rights that the sender's had.
// It works once.
func (m OpenFile) Open(w *Worker) (*os.File, error) {
	if err := w.supervised("OpenFile"); err != nil {
		return nil, err
	}
	return w.config.Files.Take(m.Handle)
}

// SendFile sends an open file to one worker, which gets an [OpenFile]. The
// descriptor goes through the supervisor. It arrives at most once and is outside
// the promises for messages: a file that is not opened is closed at the end of
// the receiver. The caller keeps its own descriptor.
func SendFile(ctx context.Context, w *Worker, to ID, file *os.File) error {
	if err := w.supervised("SendFile"); err != nil {
		return err
	}
	if _, err := w.resolveID(nil, to, callType); err != nil {
		return fmt.Errorf("worker: send file %s: %w", file.Name(), err)
	}
	handle, err := w.config.Files.Pass(file, to.Slot())
	if err != nil {
		return fmt.Errorf("worker: send file %s: %w", file.Name(), err)
	}
	_, err = Send(ctx, w, to, OpenFile{Name: file.Name(), Handle: handle})
	return err
}
