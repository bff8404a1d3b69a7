package supervisor

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ringmaster-ipc/ringmaster/worker"
)

// Messages: MT23 to MT28.

// Ready is a message without a body, of a type of its own.
type Ready struct{ worker.EmptyMessage }

var emptySender = play("empty-sender", func(ctx context.Context, w *worker.Worker) error {
	ids := w.Lookup("empty-receiver")
	to, err := ids.One()
	if err != nil {
		return err
	}
	w.Print(worker.Describe(to, worker.EmptyMessage{}))
	_, err = worker.Send(ctx, w, to, worker.EmptyMessage{})
	return err
})

var emptyReceiver = worker.Define("empty-receiver", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	worker.On(w, func(ctx context.Context, m worker.EmptyMessage) error {
		return tell(ctx, w, w.Current().Size, fmt.Sprint(m))
	})
	return w.Serve(ctx)
})

func TestMT23TheEmptyMessageCarriesItsTargetOnly(t *testing.T) {
	st := newStage(t)
	st.add(emptyReceiver.Spec(worker.None{}).Resident())
	st.add(emptySender.Spec(worker.None{}))
	st.mustRun()
	st.only("empty-sender")
	st.want("empty-receiver", 0, "{}") // the size of its payload
	wantText(t, "standard output", st.stdout.String(), "EmptyMessage to 1\n")
}

var describer = play("describer", func(ctx context.Context, w *worker.Worker) error {
	message := worker.StringMessage{Text: "Test message"}
	to := w.Lookup("reciter")[0]
	w.Print(worker.Describe(to, message))
	_, err := worker.Send(ctx, w, to, message)
	return err
})

// reciter prints the message as a whole, and reports its text alone.
var reciter = worker.Define("reciter", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	worker.On(w, func(ctx context.Context, m worker.StringMessage) error {
		w.Print("got", worker.Describe(w.ID(), m))
		return tell(ctx, w, 1, m.Text)
	})
	return w.Serve(ctx)
})

// recite runs both; the receiver has id 1.
func recite(t *testing.T) *stage {
	st := newStage(t)
	st.add(reciter.Spec(worker.None{}).Resident())
	st.add(describer.Spec(worker.None{}))
	st.mustRun()
	st.want("describer", 0, "done")
	return st
}

func TestMT24AStringMessagePrintsItsTypeItsTargetAndItsText(t *testing.T) {
	st := recite(t)
	lines := st.stdout.all()
	slices.Sort(lines) // two processes print without an order between them
	wantText(t, "standard output", strings.Join(lines, ""),
		"StringMessage to 1;\"Test message\"\ngot StringMessage to 1;\"Test message\"\n")
}

func TestMT25TheTextOfAStringMessageAloneIsAField(t *testing.T) {
	st := recite(t)
	st.want("reciter", 1, "Test message")
}

// IntegerMessage is a message as a program defines its own.
type IntegerMessage struct{ Value int }

// Detail returns the text form of its field.
func (m IntegerMessage) Detail() string { return fmt.Sprintf(" Value %d", m.Value) }

var integerSender = play("integer-sender", func(ctx context.Context, w *worker.Worker) error {
	_, err := worker.Send(ctx, w, worker.Name("integer-receiver"), IntegerMessage{7})
	return err
})

var integerReceiver = worker.Define("integer-receiver", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	worker.On(w, func(ctx context.Context, m IntegerMessage) error {
		return tell(ctx, w, m.Value, worker.Describe(w.ID(), m))
	})
	return w.Serve(ctx)
})

func TestMT26ACustomMessageHasItsOwnFieldsAndTextForm(t *testing.T) {
	st := newStage(t)
	st.add(integerReceiver.Spec(worker.None{}).Resident())
	st.add(integerSender.Spec(worker.None{}))
	st.mustRun()
	st.only("integer-sender")
	st.want("integer-receiver", 7, "IntegerMessage to 1; Value 7")
}

var signaller = play("signaller", func(ctx context.Context, w *worker.Worker) error {
	if err := awaitAll(ctx, w, "parent-ear", "child-ear"); err != nil {
		return err
	}
	to := worker.Name("both")
	for range 3 {
		if _, err := worker.Send(ctx, w, to, worker.EmptyMessage{}); err != nil {
			return err
		}
	}
	for range 2 {
		if _, err := worker.Send(ctx, w, to, Ready{}); err != nil {
			return err
		}
	}
	return nil
})

var (
	parentEar = ear[worker.EmptyMessage]("parent-ear")
	childEar  = ear[Ready]("child-ear")
)

// both has a handler for the type and one for its subtype.
var both = worker.Define("both", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	parents, children := 0, 0
	worker.On(w, func(context.Context, worker.EmptyMessage) error { parents++; return nil })
	worker.On(w, func(context.Context, Ready) error { children++; return nil })
	if err := w.Serve(ctx); err != nil {
		return err
	}
	return tell(ctx, w, parents+children, fmt.Sprint(parents, " and ", children))
})

func TestMT27ABodylessSubtypeIsDistinguishableFromItsParent(t *testing.T) {
	st := newStage(t)
	st.add(both.Spec(worker.None{}).Resident())
	st.add(parentEar.Spec(worker.None{}).Resident())
	st.add(childEar.Spec(worker.None{}).Resident())
	st.add(signaller.Spec(worker.None{}))
	st.mustRun()
	st.only("signaller")
	st.want("both", 5, "3 and 2")
	st.want("parent-ear", 5, "{} {} {} {} {}")
	st.want("child-ear", 2, "{{}} {{}}")
}

// librarian sends a file by its name, and the rest of an open one that has no
// name any more.
var librarian = worker.Define("librarian", func(ctx context.Context, w *worker.Worker, folder string) error {
	to, err := w.Lookup("borrower").One()
	if err != nil {
		return err
	}
	named := filepath.Join(folder, "named.txt")
	if err := os.WriteFile(named, []byte("opened by its name"), 0o600); err != nil {
		return err
	}
	if _, err := worker.Send(ctx, w, to, worker.FileMessage{Name: named}); err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(folder, "open.txt"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := file.WriteString("read: the open file"); err != nil {
		return err
	}
	if _, err := file.Seek(6, io.SeekStart); err != nil {
		return err
	}
	if err := os.Remove(file.Name()); err != nil {
		return err
	}
	if err := worker.SendFile(ctx, w, to, file); err != nil {
		return err
	}
	return tell(ctx, w, 2, folder)
})

var borrower = worker.Define("borrower", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	worker.On(w, func(ctx context.Context, m worker.FileMessage) error {
		text, err := os.ReadFile(m.Name)
		if err != nil {
			return err
		}
		return tell(ctx, w, 1, string(text))
	})
	worker.On(w, func(ctx context.Context, m worker.OpenFile) error {
		file, err := m.Open(w)
		if err != nil {
			return err
		}
		defer file.Close()
		text, err := io.ReadAll(file)
		if err != nil {
			return err
		}
		return tell(ctx, w, 2, string(text))
	})
	return w.Serve(ctx)
})

func TestMT28AFileMessageCarriesANameAndAnOpenFileIsAMessageOfItsOwn(t *testing.T) {
	folder := t.TempDir()
	st := newStage(t)
	st.add(borrower.Spec(worker.None{}).Resident())
	st.add(librarian.Spec(folder))
	st.mustRun()
	st.want("librarian", 2, folder)
	got := st.from("borrower")
	if len(got) != 2 || got[0].Text != "opened by its name" || got[1].Text != "the open file" {
		t.Errorf("the borrower reports %+v", got)
	}
	if n := st.Stats().Requests; n != 2 {
		t.Errorf("%d requests to the supervisor, want 2: to hand over a descriptor and to fetch it", n)
	}
}
