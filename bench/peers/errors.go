package main

import "errors"

var (
	// errUsage reports wrong arguments.
	errUsage = errors.New("peers: wrong arguments")

	// errAbsent reports a peer that this binary cannot measure.
	errAbsent = errors.New("peers: absent")

	// errDamaged reports messages that were lost, repeated or changed.
	errDamaged = errors.New("peers: messages damaged")

	// errProcess reports a measured process that failed.
	errProcess = errors.New("peers: process failed")
)
