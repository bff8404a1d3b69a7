// Package machine describes the computer that a measurement was made on, as far
// as it matters to processes that talk through memory: the processor, which
// cores share a physical core or a cache, the kernel, the frequency governor,
// and whether there is a hypervisor below.
//
// Everything is read from /proc and /sys. What is not there is left empty: a
// container may hide much of it.
package machine

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/prometheus/procfs"
)

// ErrNoCores reports that the kernel does not say which cores this process may
// use.
var ErrNoCores = errors.New("machine: the cores this process may use are not known")

// Machine is one computer, as this process sees it.
type Machine struct {
	Model      string // of the processor
	Arch       string // as Go names it
	Kernel     string // name and release
	Governor   string // of the first core; empty where frequency is not the kernel's affair
	Hypervisor bool
	GoVersion  string

	Cores   []Core // all that are online
	Allowed []int  // those this process may use, ascending
}

// Core is one logical processor.
type Core struct {
	Number   int
	Siblings []int // logical processors of the same physical core, itself included
	Caches   []Cache
}

// Cache is one of a core's caches.
type Cache struct {
	Level  int
	Type   string // "Data", "Instruction" or "Unified"
	Size   string // as the kernel writes it, such as "32K"
	Shared []int  // the cores that share it
}

// Describe returns the machine. It reads some dozens of small files. It reports
// [ErrNoCores].
func Describe() (*Machine, error) { return describe(procfs.DefaultMountPoint) }

func describe(proc string) (*Machine, error) {
	m := &Machine{Arch: runtime.GOARCH, GoVersion: runtime.Version(), Kernel: kernel()}
	fs, err := procfs.NewFS(proc)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoCores, err)
	}
	self, err := fs.Self()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoCores, err)
	}
	status, err := self.NewStatus()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoCores, err)
	}
	for _, core := range status.CpusAllowedList {
		m.Allowed = append(m.Allowed, int(core))
	}
	if len(m.Allowed) == 0 {
		return nil, ErrNoCores
	}
	m.readProcessor(fs)
	m.Governor = line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
	online := parseList(line("/sys/devices/system/cpu/online"))
	if len(online) == 0 {
		online = m.Allowed
	}
	for _, number := range online {
		m.Cores = append(m.Cores, readCore(number))
	}
	return m, nil
}

// readProcessor takes from /proc/cpuinfo what is there: arm64 names no model.
func (m *Machine) readProcessor(fs procfs.FS) {
	info, err := fs.CPUInfo()
	if err != nil || len(info) == 0 {
		return
	}
	m.Model = info[0].ModelName
	m.Hypervisor = slices.Contains(info[0].Flags, "hypervisor")
}

func kernel() string {
	kind, release := line("/proc/sys/kernel/ostype"), line("/proc/sys/kernel/osrelease")
	return strings.TrimSpace(kind + " " + release)
}

// line returns the first line of a small file, empty if it cannot be read.
func line(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	first, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSpace(first)
}

// Order returns the allowed cores in the order to use them: one of each physical
// core first.
func (m *Machine) Order() []int {
	var first, rest []int
	taken := map[int]bool{}
	for _, number := range m.Allowed {
		core := m.core(number)
		if core == nil || !taken[core.physical()] {
			first = append(first, number)
		} else {
			rest = append(rest, number)
		}
		if core != nil {
			taken[core.physical()] = true
		}
	}
	return append(first, rest...)
}

func (m *Machine) core(number int) *Core {
	i := slices.IndexFunc(m.Cores, func(c Core) bool { return c.Number == number })
	if i < 0 {
		return nil
	}
	return &m.Cores[i]
}

// Relation says what two cores share: "same core", "one physical core", "share
// L2", "share L3" or "share no cache".
func (m *Machine) Relation(a, b int) string {
	if a == b {
		return "same core"
	}
	core := m.core(a)
	switch {
	case core == nil || len(core.Caches) == 0 && len(core.Siblings) < 2:
		return "relation unknown"
	case slices.Contains(core.Siblings, b):
		return "one physical core"
	}
	for _, cache := range core.Caches {
		if slices.Contains(cache.Shared, b) {
			return fmt.Sprintf("share L%d", cache.Level)
		}
	}
	return "share no cache"
}

// String returns the machine in one line.
func (m *Machine) String() string {
	parts := []string{m.Model, fmt.Sprintf("%d cores", len(m.Cores)), m.Arch, m.Kernel}
	if m.Hypervisor {
		parts = append(parts, "under a hypervisor")
	}
	if m.Governor != "" {
		parts = append(parts, "governor "+m.Governor)
	}
	parts = append(parts, m.GoVersion)
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ", ")
}
