package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// Scenarios.
const (
	scenarioRTT    = "rtt"
	scenarioStream = "stream"
	scenarioLarge  = "large"
)

// Roles of the two processes of a run.
const (
	roleServer = "server"
	roleClient = "client"
)

// jobEnv is the environment variable by which a measured process gets its job.
const jobEnv = "RINGMASTER_PEERS_JOB"

// job is what one measured process is to do.
type job struct {
	Role     string
	Peer     string
	Scenario string
	Size     int // bytes of a message
	Duration time.Duration
	Name     string // of the connection, unique on the machine
}

// oneWay reports whether messages go from the client to the server only.
func (j job) oneWay() bool { return j.Scenario != scenarioRTT }

// inFlight returns how many messages may be under way at once: count, or fewer
// so that they take at most 64 MiB.
func (j job) inFlight(count int) int { return max(2, min(count, 64<<20/j.Size)) }

// env returns the job as an entry of an environment.
func (j job) env() (string, error) {
	text, err := json.Marshal(j)
	return jobEnv + "=" + string(text), err
}

// jobFromEnv returns the job of this process, if it is a measured one.
func jobFromEnv() (j job, given bool, err error) {
	text, given := os.LookupEnv(jobEnv)
	if !given {
		return j, false, nil
	}
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return j, true, fmt.Errorf("%w: %s: %w", errUsage, jobEnv, err)
	}
	return j, true, nil
}
