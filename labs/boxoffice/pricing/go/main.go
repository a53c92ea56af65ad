// Pricing says what seats cost in the end. What it promises stands in contracts/pricing.md.
//
// It keeps nothing: an answer hangs on the question and on the price list alone.
package main

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"time"
)

const (
	address = ":8000" // all addresses
	probed  = "http://127.0.0.1:8000/readyz"
)

func main() {
	probe := flag.Bool("probe", false, "ask the pricing that runs here whether it is ready: status 0 if it is, else 1")
	flag.Parse()
	if *probe {
		os.Exit(ask(probed))
	}
	prices, err := readPrices()
	if err != nil {
		fail(err)
	}
	// A new version is to be there at once: what still runs is not waited for.
	fail(http.ListenAndServe(address, logged(service{prices})))
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "pricing does not run:", err)
	os.Exit(1)
}

func ask(url string) int {
	client := http.Client{Timeout: 2 * time.Second}
	answer, err := client.Get(url)
	if err != nil || answer.StatusCode != http.StatusOK {
		return 1
	}
	return 0
}
