"""Offline training: raw labelled tweets → chunks → a trained, exported, promoted model folder."""
