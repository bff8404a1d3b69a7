package supervisor_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// seen waits for a line of input, so that its supervisor can look at it.
var seen = worker.Define("seen", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	_, err := w.Input(ctx, fmt.Sprint(w.Cores()))
	return err
})

func TestWorkersShowsTheCoresReadBackFromTheKernel(t *testing.T) {
	cores, err := supervisor.Cores()
	if err != nil {
		t.Fatal(err)
	}
	last := cores[len(cores)-1]
	var during []supervisor.WorkerStatus
	var says []string
	var s *supervisor.Supervisor
	var stderr bytes.Buffer
	s = supervisor.New(supervisor.WithStderr(&stderr), supervisor.WithInput(func(_ context.Context, _, prompt string) (string, error) {
		says = append(says, prompt)
		during = s.Workers()
		return "", nil
	}))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := s.Run(ctx, seen.Spec(worker.None{}).Named("pinned").OnCore(last), seen.Spec(worker.None{}).Named("free").Unpinned()); err != nil {
		t.Fatal(err)
	}
	if len(during) != 2 || len(says) != 2 {
		t.Fatalf("saw %v while the workers said %v, want two of each", during, says)
	}
	// The second look was taken while the second worker waited; the first may
	// have ended by then.
	for _, status := range during {
		want := []int{last}
		if status.Name == "free" {
			want = cores
		}
		if status.Alive && (!slices.Equal(status.Cores, want) || !slices.Contains(want, status.LastCore) || status.PID == 0) {
			t.Errorf("status %v, want cores %v", status, want)
		}
	}
	if !slices.ContainsFunc(during, func(w supervisor.WorkerStatus) bool { return w.Alive }) {
		t.Errorf("nobody lives in %v, though somebody was waiting", during)
	}
	for _, status := range s.Workers() {
		if status.Alive || status.Cores != nil || !strings.Contains(status.String(), status.Name) {
			t.Errorf("after the run: %v, want an ended worker", status)
		}
	}
}

func TestOptionsAreCheckedInARunOfResidentsToo(t *testing.T) {
	s := supervisor.New(supervisor.WithLaneSize(5000))
	if err := s.Run(t.Context(), seen.Spec(worker.None{}).Named("only a resident").Resident()); !errors.Is(err, supervisor.ErrOption) {
		t.Errorf("got %v, want ErrOption", err)
	}
}
