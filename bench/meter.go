package bench

import (
	"runtime"
	"time"

	"github.com/prometheus/procfs"

	"github.com/ringmaster-ipc/ringmaster/ring"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// meter notes what a process uses during a phase.
type meter struct {
	w     *worker.Worker
	start time.Time
	cpu   float64
	heap  uint64
	calls uint64
}

func startMeter(w *worker.Worker) meter {
	return meter{w: w, cpu: cpuSeconds(), heap: mallocs(), calls: engineCalls(w.Port()), start: time.Now()}
}

func (m *meter) stop(r *report) {
	r.Elapsed = time.Since(m.start).Seconds()
	r.Mallocs = mallocs() - m.heap
	r.CPU = cpuSeconds() - m.cpu
	r.Calls = engineCalls(m.w.Port()) - m.calls
}

// engineCalls returns how many system calls a port has made for messages so
// far: wake calls to sleeping receivers, and sleeps of its own. Those of a
// sender that waits for room, and of the Go runtime, are not in it; strace -c
// -f shows them all.
func engineCalls(p *ring.Port) uint64 { return p.Wakes() + p.Parks() }

// cpuSeconds returns the time this process has spent on cores, in the kernel's
// steps of about ten milliseconds; 0 where /proc does not say.
func cpuSeconds() float64 {
	self, err := procfs.Self()
	if err != nil {
		return 0
	}
	stat, err := self.Stat()
	if err != nil {
		return 0
	}
	return stat.CPUTime()
}

func mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}
