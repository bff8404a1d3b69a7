package supervisor

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/ringmaster-ipc/ringmaster/worker"
)

// Printing: MT13 to MT16. MT14 is an example too: Example_result.

const printedLines = 1000

var printer = worker.Define("printer", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	for i := range printedLines {
		w.Print("line", i, "of", os.Getpid())
	}
	return tell(ctx, w, printedLines, "")
})

func TestMT13PrintJoinsItsArgumentsToOneWholeLine(t *testing.T) {
	st := newStage(t)
	for range 8 {
		st.add(printer.Spec(worker.None{}))
	}
	st.mustRun()
	next := map[int]int{} // by process
	for _, r := range st.from("printer") {
		next[r.PID] = 0
	}
	writes := st.stdout.all()
	for _, text := range writes {
		var i, pid int
		_, err := fmt.Sscanf(text, "line %d of %d\n", &i, &pid)
		if want := fmt.Sprintf("line %d of %d\n", next[pid], pid); err != nil || text != want {
			t.Fatalf("one write is %q, want %q", text, want)
		}
		next[pid]++
	}
	if len(writes) != 8*printedLines || len(next) != 8 {
		t.Errorf("%d lines of %d processes, want %d of 8", len(writes), len(next), 8*printedLines)
	}
}

var calculator = worker.Define("calculator", func(ctx context.Context, w *worker.Worker, result int) error {
	w.Print("Result:", result)
	return tell(ctx, w, result, "")
})

func TestMT14AResultComesOutAsIfPrintedDirectly(t *testing.T) {
	st := newStage(t)
	st.add(calculator.Spec(7006652))
	st.mustRun()
	st.want("calculator", 7006652, "")
	wantText(t, "standard output", st.stdout.String(), "Result: 7006652\n")
}

func TestMT15APrintHandlerGetsTheTextAndNothingIsPrintedByDefault(t *testing.T) {
	var caught []string
	var id worker.ID
	st := newStage(t, WithPrint(func(from worker.ID, line string) {
		if from != id {
			t.Errorf("a line from id %v, want %v", from, id)
		}
		caught = append(caught, "CAUGHT "+line)
	}))
	id = st.add(calculator.Spec(7006652))
	st.mustRun()
	st.only("calculator")
	if !slices.Equal(caught, []string{"CAUGHT Result: 7006652"}) {
		t.Errorf("the handler made %q of the text", caught)
	}
	wantText(t, "standard output", st.stdout.String(), "")
}

func TestMT16LinesOfOneWorkerKeepTheirOrder(t *testing.T) {
	got := map[worker.ID][]string{}
	st := newStage(t, WithPrint(func(from worker.ID, line string) { got[from] = append(got[from], line) }))
	for range 3 {
		st.add(printer.Spec(worker.None{}))
	}
	st.mustRun()
	for _, r := range st.from("printer") {
		var want []string
		for i := range printedLines {
			want = append(want, fmt.Sprintf("line %d of %d", i, r.PID))
		}
		if !slices.Equal(got[r.ID], want) {
			t.Errorf("worker %v: %d lines, not %d in order; the first: %s", r.ID, len(got[r.ID]), len(want), strings.Join(got[r.ID][:min(5, len(got[r.ID]))], ", "))
		}
	}
	if len(got) != 3 {
		t.Errorf("lines of %d workers, want 3", len(got))
	}
}
