package ring

import (
	"runtime"
	"testing"
)

func TestCoresOfTheMachineAreCountedFromTheKernelsList(t *testing.T) {
	for list, want := range map[string]int{
		"0\n": 1, "0-1\n": 2, "0-3,8,10-11\n": 7, "": 0, "nonsense": 0, "3-1": 0, "0-1,x": 2,
	} {
		if got := countCores(list); got != want {
			t.Errorf("countCores(%q) = %d, want %d", list, got, want)
		}
	}
	if got := onlineCores(); got < runtime.NumCPU() {
		t.Errorf("the machine has %d cores, this process may run on %d", got, runtime.NumCPU())
	}
}
