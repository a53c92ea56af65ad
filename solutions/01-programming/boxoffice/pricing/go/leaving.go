package main

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"
)

// Leaving in order: say it, go on for a moment, take no more, finish what has begun (contracts/pricing.md).
const (
	notice = 1200 * time.Millisecond
	finish = 5 * time.Second
)

// leaving says whether the service was told to stop. Requests look at it while it changes, hence atomic.
var leaving atomic.Bool

func leave(server *http.Server) {
	leaving.Store(true)
	time.Sleep(notice)
	// Shutdown takes a connection that has sent nothing yet for one whose request may be on its way, and waits for it
	// as it does for an answer: for as long as the context lasts. What is not answered by then is given up.
	ctx, cancel := context.WithTimeout(context.Background(), finish)
	defer cancel()
	_ = server.Shutdown(ctx)
}
