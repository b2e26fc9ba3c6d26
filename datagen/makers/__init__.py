"""Makers: how rows become problems whose answers verifiers can check. One file each, found by file name."""
