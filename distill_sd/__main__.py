"The program `distill-sd`: what it imports, it imports after Ctrl-C is looked after"
import os
import signal
import sys

def main():
    "The command line; Ctrl-C while the rest is being imported is one line, as it is later"
    usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler # some shells have it ignored
    if usual: signal.signal(signal.SIGINT, _stop)
    from distill_sd.train import main as rest
    if usual: signal.signal(signal.SIGINT, signal.default_int_handler)
    return rest()

def _stop(number, frame): # an exception would come up inside a library, and some swallow it
    sys.stderr.write("distill-sd: stopped\n")
    sys.stderr.flush()
    os._exit(130)

if __name__ == "__main__": main()
