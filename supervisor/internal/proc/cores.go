package proc

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// maxCores bounds core numbers: 8192 is the most that Linux can be built for.
const maxCores = 8192

// AllowedCores returns the cores that this process may run on, in ascending
// order: those of its main thread, as set by taskset, a cpuset or a container.
// A program that pins its main thread asks before it does so.
func AllowedCores() ([]int, error) {
	cores, err := affinity(os.Getpid())
	if err != nil {
		return nil, fmt.Errorf("proc: reading the allowed cores: %w", err)
	}
	return cores, nil
}

// checkCores reports as ErrNoCore the cores that are not among the allowed.
func checkCores(cores, allowed []int) error {
	var missing []int
	for _, core := range cores {
		if !slices.Contains(allowed, core) {
			missing = append(missing, core)
		}
	}
	if missing == nil {
		return nil
	}
	return fmt.Errorf("%w: %s does not exist or is not allowed to this process (allowed: %s): choose among these, or widen them (taskset, cpuset)",
		ErrNoCore, FormatCoreList(missing), FormatCoreList(allowed))
}

// ParseCoreList parses a list of core numbers and ranges as Linux and taskset
// write it, such as "0-3,8". The result is ascending without repetition. For
// anything else, and for numbers above 8191, it returns ErrCoreList.
func ParseCoreList(list string) ([]int, error) {
	var cores []int
	for part := range strings.SplitSeq(list, ",") {
		first, last, err := parseCoreRange(strings.TrimSpace(part))
		if err != nil {
			return nil, fmt.Errorf("%w: %q: %w (want for instance 0-3,8)", ErrCoreList, list, err)
		}
		for core := first; core <= last; core++ {
			cores = append(cores, core)
		}
		if len(cores) > maxCores {
			// Repetitions must not make the list longer than its text allows.
			cores = sortedCores(cores)
		}
	}
	return sortedCores(cores), nil
}

func parseCoreRange(text string) (first, last int, err error) {
	from, to, isRange := strings.Cut(text, "-")
	if first, err = parseCore(from); err != nil {
		return 0, 0, err
	}
	if !isRange {
		return first, first, nil
	}
	if last, err = parseCore(to); err != nil {
		return 0, 0, err
	}
	if last < first {
		return 0, 0, fmt.Errorf("range %q runs backwards", text)
	}
	return first, last, nil
}

func parseCore(text string) (int, error) {
	core, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%q is no core number", text)
	}
	if core >= maxCores {
		return 0, fmt.Errorf("core %d is above %d", core, maxCores-1)
	}
	return int(core), nil
}

// FormatCoreList writes cores as ParseCoreList reads them, ascending, without
// repetition and with ranges where it can: [3 1 2 8] is "1-3,8". No cores are
// the empty string, which ParseCoreList does not read.
func FormatCoreList(cores []int) string {
	cores = sortedCores(slices.Clone(cores))
	var parts []string
	for len(cores) > 0 {
		run := 1
		for run < len(cores) && cores[run] == cores[0]+run {
			run++
		}
		part := strconv.Itoa(cores[0])
		if run > 1 {
			part += "-" + strconv.Itoa(cores[run-1])
		}
		parts = append(parts, part)
		cores = cores[run:]
	}
	return strings.Join(parts, ",")
}

// sortedCores sorts in place.
func sortedCores(cores []int) []int {
	slices.Sort(cores)
	return slices.Compact(cores)
}
