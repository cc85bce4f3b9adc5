"""The embedded mitmproxy: requests in, smaller requests out, responses untouched; the only importer of mitmproxy."""
